//! Libraries of functions, which stand in files beside the keys.

use dredis_commands::{SameName, add_library};
use dredis_contract::Result;
use dredis_data::{Libraries, Transaction};

use crate::host::ServerHost;

/// The code of every library in a transaction's view, as FUNCTION LOAD takes it.
pub(super) fn all(txn: &Transaction<'_>) -> Result<Vec<Vec<u8>>> {
    Ok(txn.stored_libraries()?.iter().map(|library| library.code.to_vec()).collect())
}

/// The libraries that were read from a file, each tried as FUNCTION LOAD does; what is wrong with them.
pub(super) fn tried(
    host: &ServerHost,
    txn: &Transaction<'_>,
    codes: &[Vec<u8>],
) -> std::result::Result<Libraries, String> {
    let mut libraries = Libraries::default();
    for code in codes {
        add_library(host, txn, &mut libraries, code, SameName::Refuse).map_err(|error| {
            let line = error.into_line();
            format!("its functions cannot be loaded: {}", String::from_utf8_lossy(&line))
        })?;
    }
    Ok(libraries)
}

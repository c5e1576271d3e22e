//! What a file is that the system refused to load, as far as its first bytes tell. The system's own words are of little help:
//! a library for another processor is "no such file" to it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The processor that this program is built for, as [`machine_name`] calls it.
const OWN_MACHINE: &str = std::env::consts::ARCH;

/// Why the file cannot be loaded here, and what to do; `None` if its first bytes are as they should be.
pub(crate) fn misfit(path: &Path) -> Option<String> {
    let start = beginning(path)?;
    let found = if start.is_empty() { Format::Empty } else { Format::of(&start) };
    let own = Format::own();
    match found {
        Format::Empty => Some("the file is empty; build it again".to_owned()),
        Format::Unknown => Some(format!("it is no library; give a library for {}", own.describe())),
        found if found.suits(&own) => None,
        found => Some(format!(
            "it is built for {}, and this dredis for {}; build it with the --target of this machine",
            found.describe(),
            own.describe()
        )),
    }
}

/// Why loading the file would end this process: the system maps a file as its header says, and kills whoever touches what is
/// not there.
pub(crate) fn cut_off(path: &Path) -> Option<String> {
    let length = std::fs::metadata(path).ok()?.len();
    let missing = elf_length(&beginning(path)?)?.checked_sub(length).filter(|missing| *missing > 0)?;
    Some(format!("the file is cut off, {missing} bytes are missing; build or copy it again"))
}

/// The first bytes, as many as [`elf_length`] needs.
fn beginning(path: &Path) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(64).read_to_end(&mut start).ok()?;
    Some(start)
}

/// How long a library of 64 bits and this machine's byte order is at least: linkers put the table of sections at its end.
fn elf_length(start: &[u8]) -> Option<u64> {
    let order = if cfg!(target_endian = "big") { 2 } else { 1 };
    if !matches!(start, [0x7f, b'E', b'L', b'F', 2, found, ..] if *found == order) {
        return None;
    }
    let place = u64::from_ne_bytes(start.get(0x28..0x30)?.try_into().ok()?);
    let size = u64::from(u16::from_ne_bytes(start.get(0x3a..0x3c)?.try_into().ok()?));
    let count = u64::from(u16::from_ne_bytes(start.get(0x3c..0x3e)?.try_into().ok()?));
    place.checked_add(size * count)
}

/// A kind of library.
#[derive(Debug, PartialEq, Eq)]
enum Format {
    Empty,
    Unknown,
    /// Linux and most other systems; the processor, and whether its words have 64 bits.
    Elf {
        machine: String,
        is_wide: bool,
    },
    MacOs,
    Windows,
}

impl Format {
    fn of(start: &[u8]) -> Format {
        match start {
            [0x7f, b'E', b'L', b'F', class, order, ..] => {
                let machine = match (start.get(18..20), order) {
                    (Some(&[first, second]), 2) => u16::from_be_bytes([first, second]),
                    (Some(&[first, second]), _) => u16::from_le_bytes([first, second]),
                    _ => 0,
                };
                Format::Elf { machine: machine_name(machine), is_wide: *class == 2 }
            }
            [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Format::MacOs,
            [b'M', b'Z', ..] => Format::Windows,
            _ => Format::Unknown,
        }
    }

    fn own() -> Format {
        if cfg!(target_os = "macos") {
            Format::MacOs
        } else if cfg!(windows) {
            Format::Windows
        } else {
            Format::Elf { machine: OWN_MACHINE.to_owned(), is_wide: cfg!(target_pointer_width = "64") }
        }
    }

    /// Whether nothing speaks against loading it here. Of machines that this file has no name for it knows nothing.
    fn suits(&self, own: &Format) -> bool {
        match (self, own) {
            (
                Format::Elf { machine, is_wide },
                Format::Elf { machine: own_machine, is_wide: own_is_wide },
            ) => {
                is_wide == own_is_wide
                    && (machine == own_machine || !NAMES.iter().any(|(_, name)| name == own_machine))
            }
            _ => self == own,
        }
    }

    fn describe(&self) -> String {
        match self {
            Format::Elf { machine, is_wide } => {
                format!("{machine} ({} bits)", if *is_wide { 64 } else { 32 })
            }
            Format::MacOs => "macOS".to_owned(),
            Format::Windows => "Windows".to_owned(),
            Format::Empty | Format::Unknown => "no system".to_owned(),
        }
    }
}

/// The numbers of processors in ELF (`e_machine`), by the names that Rust gives them.
const NAMES: [(u16, &str); 6] =
    [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"), (258, "loongarch64")];

fn machine_name(machine: u16) -> String {
    let known = NAMES.iter().find(|(number, _)| *number == machine);
    known.map_or_else(|| format!("processor number {machine}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(class: u8, machine: u8) -> Vec<u8> {
        let mut start = vec![0x7f, b'E', b'L', b'F', class, 1];
        start.resize(18, 0);
        start.extend([machine, 0]);
        start
    }

    #[test]
    fn a_library_for_another_processor_is_told_from_ours() {
        let own = Format::Elf { machine: "x86_64".into(), is_wide: true };
        assert!(Format::of(&elf(2, 62)).suits(&own));
        assert!(!Format::of(&elf(1, 62)).suits(&own));
        assert!(!Format::of(&elf(2, 183)).suits(&own));
        assert_eq!(Format::of(&elf(2, 183)).describe(), "aarch64 (64 bits)");
        assert_eq!(Format::of(&elf(1, 99)).describe(), "processor number 99 (32 bits)");
        // A machine without a name here loads what the system lets it load.
        assert!(Format::of(&elf(2, 99)).suits(&Format::Elf { machine: "mystery64".into(), is_wide: true }));
        assert!(!Format::of(b"MZ").suits(&own) && !Format::of(&[0xcf, 0xfa, 0xed, 0xfe]).suits(&own));
        assert_eq!(Format::of(b"\x7fELF"), Format::Unknown);
    }
}

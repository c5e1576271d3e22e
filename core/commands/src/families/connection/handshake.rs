//! AUTH and HELLO.

use super::check_name;
use crate::errors::{self, CommandError};
use crate::numbers::parse_integer;
use crate::{Arguments, CommandResult, Context, Protocol, REDIS_VERSION, Reply};

/// The one user that there is.
const DEFAULT_USER: &[u8] = b"default";

pub(super) fn auth(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    match arguments {
        [_, password] => {
            if !context.host.requires_password() {
                return Err(errors::fixed(
                    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
                ));
            }
            login(context, DEFAULT_USER, password)?;
        }
        [_, user, password] => login(context, user, password)?,
        _ => return Err(errors::SYNTAX),
    }
    Ok(Reply::Ok)
}

fn login(context: &mut Context<'_, '_>, user: &[u8], password: &[u8]) -> Result<(), CommandError> {
    if user != DEFAULT_USER || !context.host.is_password(password) {
        return Err(errors::fixed("WRONGPASS invalid username-password pair or user is disabled."));
    }
    context.session.authenticated = true;
    Ok(())
}

pub(super) fn hello(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    let protocol = match arguments.get(1) {
        None => None,
        Some(version) => Some(match parse_integer(version) {
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(errors::fixed("NOPROTO unsupported protocol version")),
            None => return Err(errors::fixed("ERR Protocol version is not an integer or out of range")),
        }),
    };
    let mut rest = arguments.get(2..).unwrap_or_default();
    // As in Redis each option takes effect as it is read, whatever comes after it.
    while let [option, after @ ..] = rest {
        rest = match after {
            [user, password, after @ ..] if option.eq_ignore_ascii_case(b"AUTH") => {
                login(context, user, password)?;
                after
            }
            [name, after @ ..] if option.eq_ignore_ascii_case(b"SETNAME") => {
                check_name(name)?;
                context.session.name = (*name).into();
                after
            }
            _ => return Err(errors::quoting("ERR Syntax error in HELLO option '", option, "'")),
        };
    }
    if !context.session.authenticated {
        return Err(errors::fixed(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
        ));
    }
    let session = &mut *context.session;
    if let Some(protocol) = protocol {
        session.protocol = protocol;
    }
    Ok(greeting(session.protocol, session.id))
}

/// What HELLO tells. Client libraries look at `server` and `version` to know what they may use, so both are those
/// of the Redis that this command model follows; INFO tells dredis's own.
fn greeting(protocol: Protocol, id: u64) -> Reply {
    let number = match protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let id = i64::try_from(id).expect("clients are numbered from 1 on");
    Reply::Map(vec![
        (Reply::Text("server"), Reply::Text("redis")),
        (Reply::Text("version"), Reply::Text(REDIS_VERSION)),
        (Reply::Text("proto"), Reply::Integer(number)),
        (Reply::Text("id"), Reply::Integer(id)),
        (Reply::Text("mode"), Reply::Text("standalone")),
        (Reply::Text("role"), Reply::Text("master")),
        (Reply::Text("modules"), Reply::Array(Vec::new())),
    ])
}

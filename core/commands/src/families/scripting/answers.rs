//! Replies become what scripts see of them, and what scripts answer becomes replies.

use dredis_lua::{Answer, Protocol};

use crate::{DoubleText, Reply};

/// A command's reply, in the shapes of the protocol that the script has chosen.
pub(super) fn from_reply(reply: Reply, protocol: Protocol) -> Answer {
    let is_resp3 = protocol == Protocol::Resp3;
    let each = |items: Vec<Reply>| items.into_iter().map(|item| from_reply(item, protocol)).collect();
    match reply {
        Reply::Ok => Answer::Status(b"OK".to_vec()),
        Reply::Status(line) => Answer::Status(line.into_owned().into_bytes()),
        Reply::Line(line) => Answer::Status(line),
        Reply::Error(line) => Answer::Error(line.into_owned()),
        Reply::Integer(number) => Answer::Integer(number),
        Reply::Bulk(bytes) => Answer::Bulk(bytes),
        Reply::Text(text) => Answer::Bulk(text.as_bytes().to_vec()),
        Reply::Null => Answer::Null,
        Reply::NullArray if is_resp3 => Answer::Null,
        Reply::NullArray => Answer::NullArray,
        Reply::Array(items) | Reply::Push(items) => Answer::Array(each(items)),
        Reply::Set(items) if is_resp3 => Answer::Set(each(items)),
        Reply::Set(items) => Answer::Array(each(items)),
        Reply::Map(pairs) if is_resp3 => {
            let pair = |(name, value)| (from_reply(name, protocol), from_reply(value, protocol));
            Answer::Map(pairs.into_iter().map(pair).collect())
        }
        Reply::Map(pairs) => {
            let items = pairs.into_iter().flat_map(|(name, value)| [name, value]);
            Answer::Array(items.map(|item| from_reply(item, protocol)).collect())
        }
        Reply::Double(number) if is_resp3 => Answer::Double(number),
        Reply::Double(number) => Answer::Bulk(DoubleText::new(number).as_bytes().to_vec()),
        Reply::Boolean(truth) if is_resp3 => Answer::Boolean(truth),
        Reply::Boolean(truth) => Answer::Integer(truth.into()),
        Reply::Verbatim(format, text) if is_resp3 => Answer::Verbatim { format, text },
        Reply::Verbatim(_, text) => Answer::Bulk(text),
        Reply::BigNumber(digits) if is_resp3 => Answer::BigNumber(digits),
        Reply::BigNumber(digits) => Answer::Bulk(digits),
        Reply::In(_, reply) => from_reply(*reply, protocol),
        Reply::Nothing => Answer::Null,
    }
}

/// What a script answers its client. The encoder gives it the shapes of the client's own protocol.
pub(super) fn to_reply(answer: Answer) -> Reply {
    let each = |items: Vec<Answer>| items.into_iter().map(to_reply).collect();
    match answer {
        Answer::Status(line) if line == b"OK" => Reply::Ok,
        Answer::Status(line) => Reply::Line(line),
        Answer::Error(line) => Reply::Error(line.into()),
        Answer::Integer(number) => Reply::Integer(number),
        Answer::Bulk(bytes) => Reply::Bulk(bytes),
        Answer::Null => Reply::Null,
        Answer::NullArray => Reply::NullArray,
        Answer::Array(items) => Reply::Array(each(items)),
        Answer::Map(pairs) => {
            Reply::Map(pairs.into_iter().map(|(name, value)| (to_reply(name), to_reply(value))).collect())
        }
        Answer::Set(items) => Reply::Set(each(items)),
        Answer::Double(number) => Reply::Double(number),
        Answer::Boolean(truth) => Reply::Boolean(truth),
        Answer::Verbatim { format, text } => Reply::Verbatim(format, text),
        Answer::BigNumber(digits) => Reply::BigNumber(digits),
    }
}

//! Redis's protocol: requests taken apart, replies given bytes. Nothing here knows sockets or commands.

mod decode;
mod encode;
mod inline;
mod requests;

pub use decode::{Decoder, Limits, ProtocolError};
pub use encode::encode;
pub use requests::Requests;

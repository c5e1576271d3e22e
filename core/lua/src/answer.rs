//! Values that pass between a script and the server.

/// A reply, as a command gives it to a script and as a script gives it to its client.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A status line such as `OK`.
    Status(Vec<u8>),
    /// An error with its code in front (`ERR no such key`), without the `-` of the wire.
    Error(Vec<u8>),
    /// A whole number.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// No value: `$-1`, in RESP3 `_`.
    Null,
    /// No array: `*-1`, in RESP3 `_`. Scripts never answer it.
    NullArray,
    /// A list of values.
    Array(Vec<Answer>),
    /// Pairs; twice as many elements in RESP2.
    Map(Vec<(Answer, Answer)>),
    /// A set; an array in RESP2.
    Set(Vec<Answer>),
    /// A floating-point number; a string in RESP2.
    Double(f64),
    /// True or false; `1` or `0` in RESP2.
    Boolean(bool),
    /// A text that says what it is; a string in RESP2.
    Verbatim {
        /// Three letters, `txt` or `mkd`.
        format: [u8; 3],
        /// The text without its format.
        text: Vec<u8>,
    },
    /// Decimal digits of any length; a string in RESP2.
    BigNumber(Vec<u8>),
}

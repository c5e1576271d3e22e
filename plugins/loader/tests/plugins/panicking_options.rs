//! A plugin that panics as soon as it is asked for its options.
#![forbid(unsafe_code)]
#![allow(missing_docs)]

use dredis_plugin::{
    Backend, Batch, Capabilities, Commit, Error, Open, OpenRequest, OptionSpec, Result, View,
};

pub struct Shy;

impl Open for Shy {
    const NAME: &'static str = "shy";
    const VERSION: &'static str = "1";

    fn options() -> Vec<OptionSpec> {
        panic!("do not ask");
    }

    fn open(_request: &OpenRequest) -> Result<Self> {
        Err(Error::unsupported("opening"))
    }
}

impl Backend for Shy {
    fn capabilities(&self) -> Capabilities {
        unreachable!("it never opens")
    }

    fn view(&self) -> Result<Box<dyn View + '_>> {
        unreachable!("it never opens")
    }

    fn commit(&self, _batch: &Batch<'_>) -> Result<Commit> {
        unreachable!("it never opens")
    }

    fn sync(&self) -> Result<()> {
        unreachable!("it never opens")
    }
}

dredis_plugin::export_backend!(Shy);

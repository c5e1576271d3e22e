//! Where the test plugins lie, and how they are opened.
#![allow(dead_code, reason = "each test file uses its part")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;
use std::sync::Arc;

use dredis_contract::{Backend, Logger, OpenRequest, OptionValue, Options, Result};
use dredis_plugin_loader::{Loader, Plugin};

/// The library of an example target of this crate. Cargo builds them for `cargo test`, but not for
/// `cargo test --test <name>`: build them with `cargo build --examples` then.
pub fn library(example: &str) -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let profile = executable.parent().and_then(|deps| deps.parent()).unwrap();
    let path = profile.join("examples").join(format!("{DLL_PREFIX}{example}{DLL_SUFFIX}"));
    assert!(
        path.exists(),
        "{} is missing: run `cargo build -p dredis-plugin-loader --examples`",
        path.display()
    );
    path
}

pub fn plugin(example: &str) -> Plugin {
    Loader::new(Vec::new()).load(library(example)).unwrap()
}

pub fn memory() -> Plugin {
    Loader::new(Vec::new()).load("memory").unwrap()
}

pub fn request(options: &[(&str, OptionValue)]) -> OpenRequest {
    let mut given = Options::new();
    for (name, value) in options {
        given.set(name, value.clone());
    }
    OpenRequest { dir: std::env::temp_dir(), options: given, log: Logger::silent() }
}

pub fn open(plugin: &Plugin, options: &[(&str, OptionValue)]) -> Result<Arc<dyn Backend>> {
    plugin.open(&request(options))
}

/// An empty directory of the test's own, gone when it is dropped.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dredis-loader-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

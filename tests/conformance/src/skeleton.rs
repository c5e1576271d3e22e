//! `dredis-conformance new NAME`: a plugin that compiles, keeps most promises, and is told which one to keep next.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};

/// The name in the template, in place of which the new one goes.
const TEMPLATE_NAME: &str = "my-engine";
const TEMPLATE_TYPE: &str = "My";

/// The checks that the skeleton fails, in the order in which they are best mended, and what each asks for.
pub const FAILS_NEXT: [(&str, &str); 4] = [
    (
        "a_second_opening_is_refused",
        "keep `dredis_plugin::directory::Lock::take(&request.dir)?` from `open` on",
    ),
    (
        "the_last_commit_before_closing_is_there",
        "write each batch to a file in `commit`, read it back in `open`",
    ),
    (
        "acknowledged_commits_survive_a_killed_process",
        "have it written before `commit` returns, and batches whole",
    ),
    ("another_process_is_refused", "the same lock, seen from elsewhere"),
];

/// Writes the skeleton of a plugin called `name` into the directory `parent`/`name`, and tells how to go on. It depends on the SDK
/// in the folder `sdk` of a checkout of dredis, or else of the one that this was built in: nothing of dredis is published.
pub fn write(name: &str, parent: &Path, sdk: Option<&Path>) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !starts_well || !name.bytes().all(legal) || name.ends_with('-') {
        return Err(format!(
            "'{name}' is no name for a backend; use lower-case letters, digits and hyphens, a letter first"
        ));
    }
    let folder = parent.join(name);
    if folder.exists() {
        return Err(format!("{} exists already; choose another name or place", folder.display()));
    }
    let sdk = match sdk {
        Some(sdk) => sdk.to_owned(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk"),
    };
    let place = |folder: &str| {
        let folder = sdk.join(folder);
        let found = folder.join("Cargo.toml").is_file().then(|| folder.canonicalize().ok()).flatten();
        found.ok_or_else(|| {
            format!(
                "the sources of dredis are not at {}; say --sdk DIR, the folder plugins/sdk of a checkout of dredis",
                folder.display()
            )
        })
    };
    let (sdk, kit) = (place("")?, place("../../tests/conformance")?);
    let fill = |text: &str| {
        let text =
            text.replace("@SDK@", &sdk.display().to_string()).replace("@KIT@", &kit.display().to_string());
        rename(&text, name)
    };
    let files = [
        ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
        ("src/lib.rs", include_str!("../template/lib.rs")),
        ("tests/conformance.rs", include_str!("../template/tests.rs")),
    ];
    for (path, text) in files {
        let path = folder.join(path);
        let made =
            path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, fill(text)));
        made.map_err(|error| format!("{} cannot be written: {error}; choose another place", path.display()))?;
    }
    let library = format!("{DLL_PREFIX}dredis_backend_{}{DLL_SUFFIX}", name.replace('-', "_"));
    let command =
        std::env::current_exe().map_or("dredis-conformance".to_owned(), |path| path.display().to_string());
    let mut text = format!(
        "{} is a plugin that compiles. Build it and see what it does not keep yet:\n\n    cd {}\n    cargo build\n    \
         {command} --plugin target/debug/{library}\n\n`cargo test` runs the same checks. Fails so far, best \
         mended in this order:\n\n",
        folder.display(),
        folder.display()
    );
    for (check, advice) in FAILS_NEXT {
        text.push_str(&format!("    {check}\n        {advice}\n"));
    }
    Ok(text)
}

/// The template's text under another name: `my-engine`, `my_engine`, and `My` before types.
fn rename(text: &str, name: &str) -> String {
    let camel: String = name
        .split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_uppercase(), rest.to_owned()]
        })
        .collect();
    let types = ["Engine", "View", "Cursor"];
    let text = types.iter().fold(text.to_owned(), |text, suffix| {
        let new = if *suffix == "Engine" { camel.clone() } else { format!("{camel}{suffix}") };
        text.replace(&format!("{TEMPLATE_TYPE}{suffix}"), &new)
    });
    text.replace(TEMPLATE_NAME, name).replace(&TEMPLATE_NAME.replace('-', "_"), &name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Directory;

    #[test]
    fn a_skeleton_is_called_after_its_name_everywhere() {
        let place = Directory::fresh(None).unwrap();
        let told = write("fast-tree2", place.path(), None).unwrap();
        assert!(told.contains("libdredis_backend_fast_tree2") || !cfg!(target_os = "linux"), "{told}");
        let read = |path: &str| fs::read_to_string(place.path().join("fast-tree2").join(path)).unwrap();
        assert!(read("Cargo.toml").contains("name = \"dredis-backend-fast-tree2\""));
        assert!(read("src/lib.rs").contains("impl Backend for FastTree2 {"));
        assert!(read("tests/conformance.rs").contains("suite!(dredis_backend_fast_tree2::FastTree2)"));
        for path in ["Cargo.toml", "src/lib.rs", "tests/conformance.rs"] {
            let text = read(path);
            assert!(
                !text.contains("my-engine") && !text.contains("my_engine") && !text.contains('@'),
                "{text}"
            );
        }
        assert!(write("fast-tree2", place.path(), None).unwrap_err().contains("exists already"));
    }

    #[test]
    fn a_skeleton_stands_on_the_sdk_that_is_named() {
        let place = Directory::fresh(None).unwrap();
        let refused = write("one", place.path(), Some(&place.path().join("nowhere"))).unwrap_err();
        assert!(refused.contains("nowhere") && refused.contains("say --sdk DIR"), "{refused}");
        assert!(!place.path().join("one").exists());
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk");
        write("one", place.path(), Some(&sdk)).unwrap();
        let manifest = fs::read_to_string(place.path().join("one/Cargo.toml")).unwrap();
        let expected = format!("dredis-plugin = {{ path = \"{}\" }}", sdk.canonicalize().unwrap().display());
        assert!(manifest.contains(&expected), "{manifest}");
    }

    #[test]
    fn names_that_backends_cannot_have_are_refused() {
        for name in ["", "Fast", "../x", "a_b", "-a", "a-", "2a"] {
            assert!(write(name, Path::new("nowhere"), None).unwrap_err().contains("no name"), "{name}");
        }
    }
}

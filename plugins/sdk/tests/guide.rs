//! The code in GUIDE.md is the code in `guide/shelf.rs`, which is compiled here and runs its own test. That it keeps the
//! contract is for the conformance kit to say (`tests/suite/tests/guide.rs`).

#[path = "guide/shelf.rs"]
mod shelf;

const SHELF: &str = include_str!("guide/shelf.rs");

#[test]
fn the_guide_shows_what_compiles() {
    let guide = include_str!("../GUIDE.md");
    let blocks: Vec<&str> =
        guide.split("```rust\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() > 5, "only {} pieces of code were found", blocks.len());
    let shown = blocks.join("\n");
    let differing = shown.lines().zip(SHELF.lines()).find(|(shown, compiled)| shown != compiled);
    assert_eq!(differing, None, "the guide's first line that differs from the file's");
    assert_eq!(shown.len(), SHELF.len(), "the pieces in their order make up the file");
}

#[test]
fn the_guides_engine_is_as_short_as_it_says() {
    let lines = SHELF.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    assert!(lines < 200, "{lines} lines");
    assert!(
        include_str!("../GUIDE.md").contains(&format!("{} lines", lines - 1)),
        "it has {} lines",
        lines - 1
    );
}

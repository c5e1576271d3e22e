//! The code in GUIDE.md is the code in `guide/shelf.rs`, which is compiled here and runs its own test.

#[path = "guide/shelf.rs"]
mod shelf;

#[test]
fn the_guide_shows_what_compiles() {
    let guide = include_str!("../GUIDE.md");
    let blocks: Vec<&str> =
        guide.split("```rust\n").skip(1).map(|block| block.split("```").next().unwrap_or_default()).collect();
    assert!(blocks.len() > 5, "only {} pieces of code were found", blocks.len());
    assert_eq!(
        blocks.join("\n"),
        include_str!("guide/shelf.rs"),
        "the pieces in their order make up the file"
    );
}

//! LOLWUT: computer art, and the version.

use dredis_data::Random;

use crate::numbers::integer;
use crate::{Arguments, CommandResult, Context, REDIS_VERSION, Reply};

const WIDTH: usize = 64;
const HEIGHT: usize = 10;

pub(super) fn lolwut(context: &mut Context<'_, '_>, arguments: Arguments<'_>) -> CommandResult {
    match arguments {
        [_, option, version, ..] if option.eq_ignore_ascii_case(b"VERSION") => {
            // There is one picture, whatever version of it is asked for.
            let _asked_for = integer(version)?;
        }
        _ => {}
    }
    let mut text = waves(context.random);
    text.push_str(&format!(
        "\ndredis {}, a Redis {REDIS_VERSION} on a store of your choice\n",
        env!("CARGO_PKG_VERSION")
    ));
    Ok(Reply::Verbatim(*b"txt", text.into_bytes()))
}

/// Mountains under a moon, their heights a random walk.
fn waves(random: &mut Random) -> String {
    let mut heights = Vec::with_capacity(WIDTH);
    let mut height = 2 + random.below(HEIGHT as u64 - 4) as i64;
    for _ in 0..WIDTH {
        height = (height + random.below(3) as i64 - 1).clamp(1, HEIGHT as i64 - 3);
        heights.push(height as usize);
    }
    let moon = random.below(WIDTH as u64) as usize;
    let mut text = String::with_capacity((WIDTH + 1) * HEIGHT);
    for row in 0..HEIGHT {
        let above_ground = HEIGHT - row;
        let line: String = (0..WIDTH)
            .map(|column| match heights[column] {
                height if height > above_ground => ':',
                height if height == above_ground => '^',
                _ if row == 1 && column == moon => 'O',
                _ => ' ',
            })
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

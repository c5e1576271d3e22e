//! Makes what fails smaller, as long as it still fails.

/// Leaves out items, first many at a time, as long as `fails` says that what is left still fails. `attempts` is how
/// often that may be asked; it goes down with each time.
pub(crate) fn minimise<T: Clone>(
    items: Vec<T>,
    attempts: &mut usize,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut items = items;
    let mut chunk = items.len().div_ceil(2);
    while chunk > 0 {
        let mut removed = false;
        let mut at = 0;
        while at < items.len() {
            if *attempts == 0 {
                return items;
            }
            *attempts -= 1;
            let end = (at + chunk).min(items.len());
            let candidate: Vec<T> = items[..at].iter().chain(&items[end..]).cloned().collect();
            if fails(&candidate) {
                items = candidate;
                removed = true;
            } else {
                at = end;
            }
        }
        // The last round repeats itself until nothing single can be left out.
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !removed {
            chunk = 0;
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_left() {
        let items: Vec<u32> = (0..100).collect();
        let mut attempts = 1000;
        let left = minimise(items, &mut attempts, |items| items.contains(&17) && items.contains(&83));
        assert_eq!(left, [17, 83]);
    }

    #[test]
    fn attempts_are_not_exceeded() {
        let mut asked = 0;
        let mut attempts = 10;
        minimise((0..1000).collect(), &mut attempts, |items| {
            asked += 1;
            items.len() > 3
        });
        assert_eq!((asked, attempts), (10, 0));
    }
}

//! Several engines of one plugin.

use crate::changes::{Change, Model, commit};
use crate::check::{During, Ending, Proof, Trial};
use crate::reading::{expect_now, expect_value};

const INSTANCES: u8 = 12;

pub(super) fn many(trial: &Trial<'_>) -> Proof {
    let mut all = (0..INSTANCES).map(|_| trial.fresh()).collect::<Result<Vec<_>, Ending>>()?;
    for (number, opened) in (0..).zip(&all) {
        commit(&**opened, &[Change::put(b"number", &[number]), Change::put(&[number + 1], b"own")])?;
    }
    // Every other one goes; the rest stays as it is.
    let mut keep = true;
    all.retain(|_| {
        keep = !keep;
        keep
    });
    for (at, opened) in (0..).zip(&all) {
        let number = at * 2 + 1;
        let model = Model::from([(b"number".to_vec(), vec![number]), (vec![number + 1], b"own".to_vec())]);
        expect_now(&**opened, &model).during("one instance of several")?;
    }
    Ok(())
}

pub(super) fn on_threads(trial: &Trial<'_>) -> Proof {
    std::thread::scope(|scope| {
        // Opened there, used here, closed elsewhere.
        let opening: Vec<_> = (0..4_u8)
            .map(|number| {
                scope.spawn(move || {
                    let opened = trial.fresh()?;
                    commit(&*opened, &[Change::put(b"number", &[number])])?;
                    Ok::<_, Ending>((number, opened))
                })
            })
            .collect();
        for thread in opening {
            let (number, opened) =
                thread.join().map_err(|_| Ending::failed("opening on another thread panicked"))??;
            expect_value(&*opened.view()?, b"number", Some(&[number]))?;
            let closing = scope.spawn(move || drop(opened));
            closing.join().map_err(|_| Ending::failed("closing on another thread panicked"))?;
        }
        Ok(())
    })
}

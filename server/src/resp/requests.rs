//! Requests as ranges into the buffer that they were read into.

/// Spans that an emptied list keeps room for; more came from an unusual request and goes back to the allocator.
pub(super) const SPANS_KEPT: usize = 4096;
/// Bytes of unescaped text that an emptied list keeps room for.
const UNESCAPED_BYTES_KEPT: usize = 64 * 1024;
/// Requests with up to so many arguments are handed out without an allocation.
const FEW_ARGUMENTS: usize = 16;

/// Where one argument stands, counted from its request's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

/// Finished requests that refer to one read buffer. Their arguments are copied nowhere, except those of inline
/// requests, whose quotes and escapes are resolved into a buffer of this list's own.
#[derive(Debug, Default)]
pub struct Requests {
    entries: Vec<Entry>,
    spans: Vec<Span>,
    unescaped: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    spans_start: usize,
    spans_end: usize,
    source: Source,
    base: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Source {
    ReadBuffer,
    Unescaped,
}

impl Requests {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many arguments a request has, its command's name included: at least one.
    pub fn argument_count(&self, index: usize) -> usize {
        let entry = &self.entries[index];
        entry.spans_end - entry.spans_start
    }

    /// Calls `run` with the arguments of a request. `buffer` is the one that it was decoded from, unchanged.
    ///
    /// # Panics
    ///
    /// If there is no such request or the buffer has become shorter.
    pub fn with_arguments<T>(&self, index: usize, buffer: &[u8], run: impl FnOnce(&[&[u8]]) -> T) -> T {
        let entry = &self.entries[index];
        let source = match entry.source {
            Source::ReadBuffer => &buffer[entry.base..],
            Source::Unescaped => &self.unescaped[entry.base..],
        };
        let spans = &self.spans[entry.spans_start..entry.spans_end];
        let mut few = [&[][..]; FEW_ARGUMENTS];
        match few.get_mut(..spans.len()) {
            Some(arguments) => {
                for (argument, span) in arguments.iter_mut().zip(spans) {
                    *argument = &source[span.start..span.end];
                }
                run(arguments)
            }
            None => run(&spans.iter().map(|span| &source[span.start..span.end]).collect::<Vec<_>>()),
        }
    }

    /// Forgets all requests, so that the bytes that they stood in may go.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.entries.shrink_to(SPANS_KEPT);
        self.spans.clear();
        self.spans.shrink_to(SPANS_KEPT);
        self.unescaped.clear();
        self.unescaped.shrink_to(UNESCAPED_BYTES_KEPT);
    }

    /// Adds a request whose arguments stand in the read buffer, from `base` on. Leaves `spans` empty.
    pub(super) fn push(&mut self, base: usize, spans: &mut Vec<Span>) {
        let spans_start = self.spans.len();
        if self.spans.is_empty() {
            // A request of a million arguments is not held twice.
            std::mem::swap(&mut self.spans, spans);
        } else {
            self.spans.append(spans);
        }
        self.finish(spans_start, Source::ReadBuffer, base);
    }

    /// Adds the request that `split` writes into a text and its spans, if it writes any argument.
    pub(super) fn push_unescaped<E>(
        &mut self,
        split: impl FnOnce(&mut Vec<u8>, &mut Vec<Span>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let spans_start = self.spans.len();
        let outcome = split(&mut self.unescaped, &mut self.spans);
        if outcome.is_err() {
            self.spans.truncate(spans_start);
        }
        outcome?;
        let any = self.spans.len() > spans_start;
        if any {
            self.finish(spans_start, Source::Unescaped, 0);
        }
        Ok(any)
    }

    fn finish(&mut self, spans_start: usize, source: Source, base: usize) {
        self.entries.push(Entry { spans_start, spans_end: self.spans.len(), source, base });
    }
}

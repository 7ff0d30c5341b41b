//! The queue of log lines: bounded, and emptied by a thread of its own.
//!
//! If nobody reads stderr, that thread stalls, never a call. Lines that do not fit into the queue are
//! dropped and counted.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use super::line;
use super::output::Output;
use crate::config::LogFormat;

/// The maximum number of waiting lines.
const CAPACITY: usize = 4096;

/// How long to wait for the last lines at the end of the process.
const PATIENCE: Duration = Duration::from_secs(1);

/// The interval at which the end is announced to a full queue.
const NAP: Duration = Duration::from_millis(5);

/// The receiving half of the queue. Dropping it writes the waiting lines.
pub(super) struct Sink {
    writer: Writer,
    finished: Receiver<()>,
}

/// The sending half of the queue.
#[derive(Clone)]
pub(super) struct Writer {
    queue: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    End,
}

impl Sink {
    /// Starts the thread that writes to all of `outputs`.
    pub(super) fn start(mut outputs: Vec<Output>, format: LogFormat) -> Self {
        let write = move |line: &[u8]| outputs.iter_mut().for_each(|output| output.write(line));
        Self::with_capacity(CAPACITY, write, format)
    }

    fn with_capacity(
        capacity: usize,
        mut write: impl FnMut(&[u8]) + Send + 'static,
        format: LogFormat,
    ) -> Self {
        let (queue, lines) = sync_channel(capacity);
        let (end, finished) = sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&dropped);
        thread::spawn(move || {
            for message in lines {
                match message {
                    Message::Line(line) => write(&line),
                    Message::End => break,
                }
                report(&count, &mut write, format);
            }
            report(&count, &mut write, format);
            let _ = end.send(());
        });
        Self {
            writer: Writer { queue, dropped },
            finished,
        }
    }

    /// The writer for the subscriber.
    pub(super) fn writer(&self) -> Writer {
        self.writer.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        // Other writers keep the queue open, so the thread must see the end. A full queue may only
        // be busy: give the thread time to make room.
        while let Err(TrySendError::Full(_)) = self.writer.queue.try_send(Message::End) {
            if Instant::now() >= deadline {
                return;
            }
            thread::sleep(NAP);
        }
        let _ = self
            .finished
            .recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn report(dropped: &AtomicU64, write: &mut impl FnMut(&[u8]), format: LogFormat) {
    let count = dropped.swap(0, Ordering::Relaxed);
    if count > 0 {
        let message = "log lines were dropped because nobody read them";
        write(line::notice(format, message, count).as_bytes());
    }
}

impl<'a> MakeWriter<'a> for Writer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The subscriber writes one whole line at a time.
impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.queue.try_send(Message::Line(line.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_stalled_reader_costs_lines_and_not_time() {
        let (gate, open) = channel::<()>();
        let (started, begun) = channel();
        let (written, read) = channel();
        let write = move |line: &[u8]| {
            let _ = started.send(());
            let _ = open.recv();
            let _ = written.send(String::from_utf8_lossy(line).into_owned());
        };
        let sink = Sink::with_capacity(2, write, LogFormat::Json);
        let mut writer = sink.writer();
        writer.write_all(b"taken\n").unwrap();
        begun.recv().unwrap();
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            writer.write_all(line.as_bytes()).unwrap();
        }
        drop(gate);
        assert_eq!(read.recv().unwrap(), "taken\n");
        let notice: serde_json::Value = serde_json::from_str(&read.recv().unwrap()).unwrap();
        assert_eq!(notice["dropped"], 2);
        assert_eq!(notice["level"], "warn");
        drop(sink);
        assert_eq!(read.try_iter().collect::<Vec<_>>(), ["one\n", "two\n"]);
    }

    /// The queue is full when the end comes, but its reader is alive: no line may be lost.
    #[test]
    fn the_end_waits_for_room() {
        let (started, begun) = channel();
        let (written, read) = channel();
        let write = move |line: &[u8]| {
            let _ = started.send(());
            thread::sleep(Duration::from_millis(50));
            let _ = written.send(String::from_utf8_lossy(line).into_owned());
        };
        let sink = Sink::with_capacity(1, write, LogFormat::Json);
        let mut writer = sink.writer();
        writer.write_all(b"one\n").unwrap();
        begun.recv().unwrap();
        writer.write_all(b"two\n").unwrap();
        drop(sink);
        assert_eq!(read.try_iter().collect::<Vec<_>>(), ["one\n", "two\n"]);
    }

    /// Nobody reads at all: the end comes nevertheless.
    #[test]
    fn the_end_does_not_wait_forever() {
        let (_gate, open) = channel::<()>();
        let write = move |_: &[u8]| {
            let _ = open.recv();
        };
        let sink = Sink::with_capacity(1, write, LogFormat::Json);
        let mut writer = sink.writer();
        while writer.dropped.load(Ordering::Relaxed) == 0 {
            writer.write_all(b"line\n").unwrap();
        }
        drop(sink);
    }
}

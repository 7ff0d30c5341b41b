//! One place that log lines go to. What cannot be written there is counted; it never ends the
//! program.

use std::io::{self, Write};
use std::path::Path;

use super::line;
use crate::config::LogFormat;

/// A file or stderr.
pub(super) struct Output {
    writer: Box<dyn Write + Send>,
    format: LogFormat,
    /// Which file, for the report of a failure. Without it, there is nowhere to report to.
    name: Option<String>,
    /// How many lines were lost since the last one that was written.
    lost: u64,
    /// Whether the last line was cut off.
    torn: bool,
}

impl Output {
    /// Lines go to stderr.
    pub(super) fn stderr(format: LogFormat) -> Self {
        Self::new(Box::new(io::stderr()), None, format)
    }

    /// Lines go to the open file at `path`.
    pub(super) fn file(path: &Path, file: impl Write + Send + 'static, format: LogFormat) -> Self {
        Self::new(Box::new(file), Some(path.display().to_string()), format)
    }

    fn new(writer: Box<dyn Write + Send>, name: Option<String>, format: LogFormat) -> Self {
        Self {
            writer,
            format,
            name,
            lost: 0,
            torn: false,
        }
    }

    /// Writes a line. The first failure of several is reported on stderr.
    pub(super) fn write(&mut self, line: &[u8]) {
        match self.try_write(line) {
            Ok(()) if self.lost > 0 => {
                let message = "log lines were lost because they could not be written";
                let notice = line::notice(self.format, message, self.lost);
                self.lost = 0;
                self.write(notice.as_bytes());
            }
            Ok(()) => {}
            Err(error) => {
                if let Some(name) = self.name.as_ref().filter(|_| self.lost == 0) {
                    let _ = writeln!(io::stderr(), "writing log file {name}: {error}");
                }
                self.lost += 1;
            }
        }
    }

    fn try_write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.write_whole(b"\n")?;
        }
        self.write_whole(line)?;
        self.writer.flush()
    }

    /// Like `write_all`, but notes whether a part was written.
    fn write_whole(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.writer.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = bytes.get(count..).unwrap_or_default();
                    self.torn = !bytes.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk with so many bytes left.
    #[derive(Clone)]
    struct Disk(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let count = bytes.len().min(disk.0);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            disk.0 -= count;
            disk.1.extend(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_costs_lines_and_says_how_many() {
        let disk = Disk(Arc::new(Mutex::new((6, Vec::new()))));
        let mut output = Output::file(Path::new("x"), disk.clone(), LogFormat::Json);
        for line in ["one\n", "two\n", "three\n"] {
            output.write(line.as_bytes());
        }
        disk.0.lock().unwrap().0 = 1000;
        output.write(b"four\n");
        output.write(b"five\n");
        let text = String::from_utf8(disk.0.lock().unwrap().1.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!([lines[0], lines[1], lines[2]], ["one", "tw", "four"]);
        let notice: serde_json::Value = serde_json::from_str(lines[3]).unwrap();
        assert_eq!(
            (&notice["dropped"], &notice["level"]),
            (&2.into(), &"warn".into())
        );
        assert_eq!(lines[4..], ["five"]);
    }
}

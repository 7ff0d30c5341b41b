//! Notes of the query jobs that a process has started, so that the next one deletes what a killed
//! one left behind.
//!
//! A job is noted as an empty file that its process keeps locked. A file that is not locked belongs
//! to a process that has ended. Salesforce itself deletes jobs after seven days: those of a process
//! that was killed before it could note them, or that has no directory. It does not tell which of
//! two programs of one user has started a job, so nothing is deleted without a note.

use std::{
    fs::{DirBuilder, File},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

use tracing::debug;
use url::Url;

use super::job::JobId;

const SUFFIX: &str = ".query-job";

/// Where the jobs of one org are noted.
#[derive(Clone, Debug, Default)]
pub struct JobNotes {
    directory: Option<PathBuf>,
    org: String,
}

/// The note of a job, if it could be written. The file is held, because it has the lock.
#[derive(Debug)]
pub(super) struct Note(Option<(PathBuf, File)>);

impl Note {
    pub(super) fn remove(self) {
        if let Some((path, _)) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl JobNotes {
    /// Notes in `directory`, which is created if it is not there.
    #[must_use]
    pub fn new(directory: Option<PathBuf>, org: &Url) -> Self {
        let host = org.host_str().unwrap_or_default();
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        let port = org.port().map(|port| format!("-{port}"));
        let org = format!("{host}{}", port.unwrap_or_default());
        Self {
            directory,
            org: org.chars().map(plain).collect(),
        }
    }

    /// Notes a job. Without a note, a job is only not deleted if this process is killed.
    pub(super) fn add(&self, job: &JobId) -> Note {
        let Some(directory) = &self.directory else {
            return Note(None);
        };
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory);
        let path = directory.join(format!("{}.{}{SUFFIX}", self.org, job.as_str()));
        let file = made.and_then(|()| {
            let mut options = File::options();
            options.write(true).create_new(true).mode(0o600).open(&path)
        });
        match file {
            Ok(file) => {
                let _ = file.try_lock();
                Note(Some((path, file)))
            }
            Err(error) => {
                debug!(%error, path = %path.display(), "cannot note a query job");
                Note(None)
            }
        }
    }

    /// The jobs of processes that have ended. The notes are locked, so that no two processes delete
    /// the same job.
    pub(super) fn abandoned(&self) -> Vec<(JobId, Note)> {
        let directory = self.directory.iter();
        let entries = directory.filter_map(|directory| std::fs::read_dir(directory).ok());
        let entries = entries.flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let name = name.to_str()?.strip_suffix(SUFFIX)?;
                let job = name.strip_prefix(&self.org)?.strip_prefix('.')?;
                // A link of this name may lead anywhere.
                entry.file_type().ok().filter(std::fs::FileType::is_file)?;
                let file = File::options().write(true).open(entry.path()).ok()?;
                file.try_lock().ok()?;
                Some((JobId::read(job)?, Note(Some((entry.path(), file)))))
            })
            .collect()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn jobs(notes: &JobNotes) -> Vec<String> {
        let abandoned = notes.abandoned();
        let jobs = abandoned.iter().map(|(job, _)| job.as_str().to_owned());
        jobs.collect()
    }

    #[test]
    fn only_jobs_of_this_org_whose_process_has_ended_are_abandoned() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let notes = |host: &str| {
            let url = format!("https://{host}").parse().unwrap();
            JobNotes::new(Some(state.clone()), &url)
        };
        let (acme, other) = (notes("acme.example"), notes("acme.example:8443"));
        let at_work = acme.add(&JobId::read("750a").unwrap());
        let killed = acme.add(&JobId::read("750b").unwrap());
        // The kernel drops the lock of a killed process.
        drop(killed);
        assert_eq!(jobs(&other), Vec::<String>::new());
        assert_eq!(jobs(&acme), ["750b"]);
        let abandoned = acme.abandoned().into_iter();
        abandoned.for_each(|(_, note)| note.remove());
        at_work.remove();
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_cannot_be_used_costs_only_the_notes() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        let url = "https://acme.example".parse().unwrap();
        for directory in [None, Some(file)] {
            let notes = JobNotes::new(directory, &url);
            assert!(notes.add(&JobId::read("750a").unwrap()).0.is_none());
            assert_eq!(jobs(&notes), Vec::<String>::new());
        }
    }
}

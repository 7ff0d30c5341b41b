//! The fuzz targets' entry functions, as a library.

pub mod entry;

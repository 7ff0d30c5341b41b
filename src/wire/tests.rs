//! Rows as they go out, and the weights of the domain against what they become.

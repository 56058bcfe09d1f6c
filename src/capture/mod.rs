//! Capture files as streams of frames.

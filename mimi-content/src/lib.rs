//! The MIMI content format.
#![no_std]

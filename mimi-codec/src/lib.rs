//! Wire types of MIMI.
#![no_std]

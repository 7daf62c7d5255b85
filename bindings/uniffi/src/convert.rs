//! From the facade's records to those that cross the border.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// No call leaves an object half changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A value in the form in which it crosses the border.
pub(crate) trait Cross<T> {
    fn cross(self) -> T;
}

macro_rules! as_it_is {
    ($($type:ty),*) => {$(
        impl Cross<$type> for $type {
            fn cross(self) -> $type {
                self
            }
        }
    )*};
}

as_it_is!(String, bool, u8, u16, u32, u64);

impl Cross<u64> for usize {
    fn cross(self) -> u64 {
        self as u64
    }
}

/// JSON crosses as text.
impl Cross<String> for serde_json::Value {
    fn cross(self) -> String {
        self.to_string()
    }
}

impl Cross<HashMap<String, bool>> for BTreeMap<String, bool> {
    fn cross(self) -> HashMap<String, bool> {
        self.into_iter().collect()
    }
}

impl<A: Cross<B>, B> Cross<Vec<B>> for Vec<A> {
    fn cross(self) -> Vec<B> {
        self.into_iter().map(A::cross).collect()
    }
}

impl<A: Cross<B>, B> Cross<Option<B>> for Option<A> {
    fn cross(self) -> Option<B> {
        self.map(A::cross)
    }
}

/// A `Debug` form that shows no field: records hold contents, salts and keys.
macro_rules! undisclosed {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

/// A record with the fields of one of the facade's, which go out only.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident of $source:path { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, uniffi::Record)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        crate::convert::undisclosed!($name);

        impl crate::convert::Cross<$name> for $source {
            fn cross(self) -> $name {
                $name { $($field: crate::convert::Cross::cross(self.$field),)* }
            }
        }
    };
}

pub(crate) use {record, undisclosed};

//! The flags of the kind `key-package-set`.

use crate::file_format::Flag;

pub(super) const FLAGS: &[Flag] = &[
    Flag {
        name: "Example",
        about: "Plans and choices that hold.",
        bug: "Which KeyPackages belong together, and which set is used.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.valid,
    },
    Flag {
        name: "SetLayout",
        about: "Sets that are not whole, or mix ordinary KeyPackages with those of last resort.",
        bug: "A user joins with some of its clients, or under two pseudonyms.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.has(&["not whole", "twice in a set", "mixed set", "whole set"]),
    },
    Flag {
        name: "Linkability",
        about: "Sets that were used before.",
        bug: "One pseudonym in two rooms links them.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.has(&["used", "last resort", "linked", "no set"]),
    },
    Flag {
        name: "UploadPlan",
        about: "What a client uploads next.",
        bug: "Sets are never completed, or no set of last resort is left.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.has(&["completed", "begun", "a new set instead", "planned", "nothing is missing"]),
    },
    Flag {
        name: "Lifetime",
        about: "not_before and not_after.",
        bug: "A lifetime that says when a KeyPackage was made links it to others.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.has(&["day", "lifetime"]),
    },
    Flag {
        name: "Misread",
        about: "What a misread rule gives: `mistake: …`.",
        bug: "The mistake that the name says.",
        section: "metadata-minimalization-02 §7",
        readings: &[],
        of: |case| case.has(&["mistake: "]),
    },
];

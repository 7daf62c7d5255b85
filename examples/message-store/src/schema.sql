-- A place is the accepted timestamp, 8 bytes big-endian, and the message ID: SQLite compares blobs byte by
-- byte, so that places sort as the room does. A row is what mimi-content encodes; the columns beside it are
-- those that look-ups and pages ask for.
CREATE TABLE messages (
    id BLOB NOT NULL PRIMARY KEY,
    place BLOB NOT NULL,
    sender TEXT NOT NULL,
    first BLOB,
    in_reply_to BLOB,
    -- What it changes of its first instance: 1 the body, 2 deletes it, 4 the topic.
    effects INTEGER NOT NULL,
    is_entry INTEGER NOT NULL,
    -- Whether it is a reaction or holds some.
    reacts INTEGER NOT NULL,
    -- Neither deleted, retracted nor gone.
    is_shown INTEGER NOT NULL,
    is_retracted INTEGER NOT NULL,
    is_read INTEGER NOT NULL,
    topic BLOB NOT NULL,
    due BLOB,
    row BLOB NOT NULL
) STRICT;
CREATE INDEX conversation ON messages (place) WHERE is_entry;
CREATE INDEX topics ON messages (topic, place) WHERE is_entry AND topic <> x'';
CREATE INDEX versions ON messages (first, place) WHERE first IS NOT NULL;
CREATE INDEX edits ON messages (first, place) WHERE effects & 1;
CREATE INDEX deletions ON messages (first, place) WHERE effects & 2;
CREATE INDEX moves ON messages (first, place) WHERE effects & 4;
CREATE INDEX children ON messages (in_reply_to, place) WHERE in_reply_to IS NOT NULL;
CREATE INDEX senders ON messages (sender, place) WHERE NOT is_retracted;
CREATE INDEX dues ON messages (due) WHERE due IS NOT NULL;

-- What the client keeps of a message: here its encoded content.
CREATE TABLE contents (id BLOB NOT NULL PRIMARY KEY, place BLOB NOT NULL, encoded BLOB NOT NULL) STRICT;
CREATE INDEX contents_by_place ON contents (place);

CREATE TABLE links (
    relation INTEGER NOT NULL, id BLOB NOT NULL, row BLOB NOT NULL, PRIMARY KEY (relation, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE unseen (id BLOB NOT NULL PRIMARY KEY, row BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE statuses (
    message BLOB NOT NULL, reader TEXT NOT NULL, report BLOB NOT NULL, weight BLOB NOT NULL, row BLOB NOT NULL,
    PRIMARY KEY (message, reader, report)
) STRICT, WITHOUT ROWID;
CREATE INDEX strongest ON statuses (message, reader, weight);
CREATE INDEX reports ON statuses (report);

CREATE TABLE different (
    message BLOB NOT NULL, sender TEXT NOT NULL, digest BLOB NOT NULL, row BLOB NOT NULL, encoded BLOB NOT NULL,
    PRIMARY KEY (message, sender, digest)
) STRICT;

CREATE TABLE retractions (row BLOB NOT NULL PRIMARY KEY) STRICT;
CREATE TABLE retracted_messages (
    -- Whether it counts only if the message is a reaction.
    id BLOB NOT NULL, reaction INTEGER NOT NULL, retraction BLOB NOT NULL, PRIMARY KEY (id, retraction)
) STRICT, WITHOUT ROWID;
CREATE TABLE retracted_senders (
    sender TEXT NOT NULL, since BLOB NOT NULL, retraction BLOB NOT NULL, PRIMARY KEY (sender, since, retraction)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

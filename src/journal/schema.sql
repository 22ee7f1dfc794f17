-- Who may append: the highest term. Taken in order, never given back.
CREATE TABLE terms (
    term INTEGER PRIMARY KEY,
    at   TEXT NOT NULL,
    who  TEXT NOT NULL
) STRICT;

-- The record. body is the record's JSON, byte for byte what the hash covers.
CREATE TABLE records (
    seq  INTEGER PRIMARY KEY,
    term INTEGER NOT NULL REFERENCES terms (term),
    body TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- The times that a person took the journal as it was found.
CREATE TABLE accepts (
    at          TEXT NOT NULL,
    who         TEXT NOT NULL,
    anchor_seq  INTEGER,
    anchor_hash BLOB,
    head_seq    INTEGER NOT NULL,
    head_hash   BLOB NOT NULL
) STRICT;

CREATE TRIGGER terms_never_change   BEFORE UPDATE ON terms   BEGIN SELECT RAISE(ABORT, 'terms are append-only'); END;
CREATE TRIGGER terms_never_vanish   BEFORE DELETE ON terms   BEGIN SELECT RAISE(ABORT, 'terms are append-only'); END;
CREATE TRIGGER records_never_change BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
CREATE TRIGGER records_never_vanish BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are append-only'); END;
CREATE TRIGGER accepts_never_change BEFORE UPDATE ON accepts BEGIN SELECT RAISE(ABORT, 'accepts are append-only'); END;
CREATE TRIGGER accepts_never_vanish BEFORE DELETE ON accepts BEGIN SELECT RAISE(ABORT, 'accepts are append-only'); END;
-- Also what keeps INSERT OR REPLACE from changing a record.
CREATE TRIGGER terms_in_order BEFORE INSERT ON terms
WHEN NEW.term <= (SELECT coalesce(max(term), 0) FROM terms)
BEGIN SELECT RAISE(ABORT, 'a term is above all before it'); END;
CREATE TRIGGER records_in_order BEFORE INSERT ON records
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM records)
BEGIN SELECT RAISE(ABORT, 'records follow each other without a gap'); END;

-- Readings: what a source says of one metric of one version in one stratum is a series of windows that never overlap.
-- Times are milliseconds since 1970. trials and failures are NULL where a report covered the time and gave no window.
CREATE TABLE series (
    id      INTEGER PRIMARY KEY,
    app     TEXT NOT NULL,
    source  TEXT NOT NULL,
    metric  TEXT NOT NULL,
    version TEXT NOT NULL,
    stratum TEXT NOT NULL,
    UNIQUE (app, source, metric, version, stratum)
) STRICT;
CREATE TABLE readings (
    series     INTEGER NOT NULL REFERENCES series (id),
    start      INTEGER NOT NULL,
    "end"      INTEGER NOT NULL,
    trials     INTEGER,
    failures   INTEGER,
    first_seen INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    PRIMARY KEY (series, start)
) STRICT, WITHOUT ROWID;
-- What readings said before they were restated: known from first_seen until replaced.
CREATE TABLE restated (
    series     INTEGER NOT NULL REFERENCES series (id),
    start      INTEGER NOT NULL,
    "end"      INTEGER NOT NULL,
    trials     INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    replaced   INTEGER NOT NULL
) STRICT;
-- The latest report of each source, without its readings.
CREATE TABLE reports (
    app      TEXT NOT NULL,
    source   TEXT NOT NULL,
    observed INTEGER NOT NULL,
    body     TEXT NOT NULL,
    PRIMARY KEY (app, source)
) STRICT, WITHOUT ROWID;

-- What people ask of the running watcher, and its answers.
CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    at     TEXT NOT NULL,
    body   TEXT NOT NULL,
    reply  TEXT
) STRICT;

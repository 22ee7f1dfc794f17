-- Who ran what: what a source told of the versions in use within the day before, at most once an hour.
-- Outside the chain, as readings are: it decides nothing. version is the key of the one watched or of its baseline.
CREATE TABLE adoption (
    app      TEXT NOT NULL,
    source   TEXT NOT NULL,
    hour     INTEGER NOT NULL,
    rank     INTEGER NOT NULL,
    observed INTEGER NOT NULL,
    label    TEXT NOT NULL,
    version  TEXT,
    sessions INTEGER NOT NULL,
    users    INTEGER,
    PRIMARY KEY (app, source, hour, rank)
) STRICT, WITHOUT ROWID;

-- Version 1 of a campaign's store. A migration file is applied once, whole, in the order of its number, and is never
-- edited after it has been released: a change of the layout is a new file. Times are microseconds since 1970 UTC;
-- columns that end in _json hold one JSON text; units are SI unless the row names another.

CREATE TABLE campaign (
    one                 INTEGER PRIMARY KEY CHECK (one = 1),
    id                  TEXT NOT NULL,
    title               TEXT NOT NULL,
    origin              TEXT NOT NULL,      -- prefix of the attempts begun in this file; unique among merged stores
    record_json         TEXT NOT NULL       -- everything else of records.Campaign
);

CREATE TABLE instrument (
    role                TEXT NOT NULL,
    serial              TEXT NOT NULL,
    bench               TEXT NOT NULL,
    record_json         TEXT NOT NULL,
    PRIMARY KEY (role, serial, bench)
);

CREATE TABLE unit (
    key                 TEXT PRIMARY KEY,   -- the lab's own short name; private, reports show pseudonyms
    kind                TEXT NOT NULL CHECK (kind IN ('vehicle', 'charger', 'csms', 'gateway')),
    record_json         TEXT NOT NULL
);

CREATE TABLE test_case (
    id                  TEXT PRIMARY KEY,
    position            INTEGER NOT NULL,   -- order of the plan
    record_json         TEXT NOT NULL
);

CREATE TABLE planned (
    case_id             TEXT NOT NULL REFERENCES test_case (id),
    vehicle             TEXT NOT NULL,      -- '' where the harness takes that side itself
    charger             TEXT NOT NULL,
    not_applicable      TEXT,               -- why the case cannot apply to this pair; NULL: it is to be run
    PRIMARY KEY (case_id, vehicle, charger)
) WITHOUT ROWID;

CREATE TABLE attempt (
    id                  TEXT PRIMARY KEY,   -- <origin>-<serial>, also the name of the evidence folder
    origin              TEXT NOT NULL,
    serial              INTEGER NOT NULL,
    case_id             TEXT NOT NULL,
    vehicle             TEXT NOT NULL,
    charger             TEXT NOT NULL,
    number              INTEGER NOT NULL,   -- 1 for the first attempt of a case on a pair
    started_utc_us      INTEGER NOT NULL,
    time_mode           TEXT NOT NULL,
    parameters_json     TEXT NOT NULL,
    ended_utc_us        INTEGER,            -- NULL while it runs
    verdict             TEXT,
    side                TEXT,
    kind                TEXT,
    reason              TEXT,
    exit_reason         TEXT,
    CHECK ((verdict IS NULL) = (ended_utc_us IS NULL)),
    UNIQUE (origin, serial),
    FOREIGN KEY (case_id, vehicle, charger) REFERENCES planned (case_id, vehicle, charger)
) WITHOUT ROWID;

CREATE INDEX attempt_of_plan ON attempt (case_id, vehicle, charger);

CREATE TABLE finding (
    attempt             TEXT NOT NULL REFERENCES attempt (id),
    position            INTEGER NOT NULL,
    record_json         TEXT NOT NULL,
    PRIMARY KEY (attempt, position)
) WITHOUT ROWID;

CREATE TABLE measurement (
    attempt             TEXT NOT NULL REFERENCES attempt (id),
    position            INTEGER NOT NULL,
    name                TEXT NOT NULL,
    value               REAL,               -- NULL: the instrument had no value
    unit                TEXT NOT NULL,
    low                 REAL,
    high                REAL,
    source              TEXT NOT NULL,
    reference           TEXT NOT NULL,
    uncertainty         REAL NOT NULL,      -- expanded, k = 2
    verdict             TEXT NOT NULL,
    side                TEXT NOT NULL,
    at_s                REAL,
    PRIMARY KEY (attempt, position)
) WITHOUT ROWID;

CREATE TABLE step (
    attempt             TEXT NOT NULL REFERENCES attempt (id),
    position            INTEGER NOT NULL,
    at_s                REAL NOT NULL,
    text                TEXT NOT NULL,
    answer              TEXT NOT NULL,      -- what the operator answered, if it was a prompt
    PRIMARY KEY (attempt, position)
) WITHOUT ROWID;

CREATE TABLE evidence (
    attempt             TEXT NOT NULL REFERENCES attempt (id),
    path                TEXT NOT NULL,      -- relative to the run folder, with forward slashes
    sha256              TEXT NOT NULL,
    media_type          TEXT NOT NULL,
    bytes               INTEGER NOT NULL,
    PRIMARY KEY (attempt, path)
) WITHOUT ROWID;

CREATE TABLE deviation (
    number              INTEGER PRIMARY KEY,
    text                TEXT NOT NULL,
    attempts_json       TEXT NOT NULL       -- ids of the attempts it touches
);

-- What is recorded stays: no deleting, and one update only, the one that finishes a running attempt.

CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: an attempt is never deleted'); END;

CREATE TRIGGER attempt_is_finished_once BEFORE UPDATE ON attempt
WHEN OLD.verdict IS NOT NULL OR NEW.verdict IS NULL
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: a finished attempt is never changed'); END;

CREATE TRIGGER attempt_keeps_its_beginning BEFORE UPDATE OF
    id, origin, serial, case_id, vehicle, charger, number, started_utc_us, time_mode, parameters_json ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: only the result may be added'); END;

CREATE TRIGGER finding_before_the_end BEFORE INSERT ON finding
WHEN (SELECT verdict FROM attempt WHERE id = NEW.attempt) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: the attempt is finished'); END;
CREATE TRIGGER measurement_before_the_end BEFORE INSERT ON measurement
WHEN (SELECT verdict FROM attempt WHERE id = NEW.attempt) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: the attempt is finished'); END;
CREATE TRIGGER step_before_the_end BEFORE INSERT ON step
WHEN (SELECT verdict FROM attempt WHERE id = NEW.attempt) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: the attempt is finished'); END;
CREATE TRIGGER evidence_before_the_end BEFORE INSERT ON evidence
WHEN (SELECT verdict FROM attempt WHERE id = NEW.attempt) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'attempts are append-only: the attempt is finished'); END;

CREATE TRIGGER finding_is_not_changed BEFORE UPDATE ON finding
BEGIN SELECT RAISE(ABORT, 'append-only: a finding is never changed'); END;
CREATE TRIGGER finding_is_kept BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'append-only: a finding is never deleted'); END;
CREATE TRIGGER measurement_is_not_changed BEFORE UPDATE ON measurement
BEGIN SELECT RAISE(ABORT, 'append-only: a measurement is never changed'); END;
CREATE TRIGGER measurement_is_kept BEFORE DELETE ON measurement
BEGIN SELECT RAISE(ABORT, 'append-only: a measurement is never deleted'); END;
CREATE TRIGGER step_is_not_changed BEFORE UPDATE ON step
BEGIN SELECT RAISE(ABORT, 'append-only: a step is never changed'); END;
CREATE TRIGGER step_is_kept BEFORE DELETE ON step
BEGIN SELECT RAISE(ABORT, 'append-only: a step is never deleted'); END;
CREATE TRIGGER evidence_is_not_changed BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'append-only: an evidence entry is never changed'); END;
CREATE TRIGGER evidence_is_kept BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'append-only: an evidence entry is never deleted'); END;

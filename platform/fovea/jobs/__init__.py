"""Work that outlives a request. A Job is a row; the broker carries only its id."""

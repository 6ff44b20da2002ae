"""From files to rows: unpack, tell what is a label, prepare (read, index, derive), store, order."""

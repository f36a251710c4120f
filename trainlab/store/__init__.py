"""The format of run folders: how they are written, locked and read. It depends on files, not on networks."""

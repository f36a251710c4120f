"""What every component of a kind promises, as checks that run on any class of it: trainlab's own and a plugin's."""

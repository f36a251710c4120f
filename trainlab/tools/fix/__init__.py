"""`trainlab fix`: the prescriptions of a sick run, each tried as a real run, until one of them measurably helps."""

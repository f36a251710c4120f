"""The fault benchmark (`trainlab zoo`): cases, results, examples."""

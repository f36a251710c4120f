"""The lowest floor: settings, components, config reading, errors, array types, random streams."""

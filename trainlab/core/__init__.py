"""The ground floor: settings, components, config reading, errors, array types, random streams."""

"""Data sets: sources, readers, splits, preprocessing, deliberate faults, augmentation."""

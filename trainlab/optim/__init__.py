"""How weights move: optimizers (rules over one flat vector), schedules of the learning rate, regularizers."""

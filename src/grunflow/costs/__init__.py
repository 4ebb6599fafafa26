"""What a job costs: closed forms from a model's shape, without torch. Measuring, so no part of a stage's code digest."""

"""One module per stage: `run(spec, inputs, out, batch_size)` writes into `out`, returns measurements."""

"""What the bytes of weights say: values, samples, ledgers, change maps."""

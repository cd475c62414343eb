// Tests of Machine stand here.

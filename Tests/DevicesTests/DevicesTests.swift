// Tests of Devices stand here.

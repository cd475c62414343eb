// Tests of GuestMemory stand here.

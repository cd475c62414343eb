// Tests of MigrationStream stand here.

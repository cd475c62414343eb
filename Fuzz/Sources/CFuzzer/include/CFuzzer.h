#ifndef MARTLET_CFUZZER_H
#define MARTLET_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's own entry point, which clang's runtime brings: runs until told to stop. */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));

#endif

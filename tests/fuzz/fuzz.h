/* A fuzzing target: one parser, fed whatever bytes there can be. Each fuzz_NAME.c is a program, and corpus/NAME/ has its inputs;
 * CMake finds both. Built with clang and NSCL_FUZZ=ON it is libFuzzer's, else it runs the inputs named on its command line
 * (replay.c). A target takes no more than the limits in limits.c, whatever the input says. */
#ifndef NSCL_FUZZ_H
#define NSCL_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Runs one input; returns 0. Called many times in one process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef NSCL_FUZZ
/* libFuzzer calls a target's own mutator, if it has one: where checksums would turn down all that chance makes, it sets them right. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);
/* libFuzzer's mutations; returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
#endif

/* Ends the program, saying `what`, unless it holds. */
void fuzz_need(int holds, const char *what);

/* What every reader of files owes: NSCL_OK, or an error that is the file's, or memory's, with a message that names it. */
void fuzz_check(nscl_status status, const nscl_error *error, const char *name);

#endif

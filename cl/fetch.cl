/* Lines that a core wants soon, fetched while it computes. OpenCL's own prefetch() does nothing on PoCL and is a costly
 * call on Intel's runtime; Clang's hint is one instruction on both, but compilers that go through SPIR-V may not know it.
 * So the host defines FETCH where that compiles. For devices of one address space. */
#ifndef NSCL_FETCH
#define NSCL_FETCH
#define LINE 16 /* floats that a fetch brings */
#ifdef FETCH
#define fetch(p) __builtin_prefetch((const void *)(size_t)(p), 0, 3)
#else
#define fetch(p) ((void)(p))
#endif
#endif

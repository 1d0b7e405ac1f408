/* Does the compiler know fetch()? */
#define FETCH
#include "fetch.cl"

kernel void fetch_probe(global float *y)
{
    fetch(y + LINE);
    y[0] = 0.0f;
}

#include <stdio.h>
#include <string.h>

#include "bench.h"

#define AT(member) offsetof(bench_options, member)

static const tool_option table[] = {
    {"size", "N...", TOOL_NUMBERS, AT(sizes), 16, 16384, AT(size_count), BENCH_MOST_SIZES, NULL, "sides of the square pictures [256 512]"},
    {"device", "SELECTOR", TOOL_TEXT, AT(device), 0, 0, 0, 0, "auto cpu gpu", "auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]"},
    {"evaluations", "N", TOOL_NUMBER, AT(evaluations), 1, 256, 0, 0, NULL, "timed after two that are not, 1 to 256 [7]"},
    {"network", "FILE", TOOL_TEXT, AT(network), 0, 0, 0, 0, "builtin", "a network file, or builtin [VGG-19 with random weights]"},
    {"algorithm", "NAME", TOOL_TEXT, AT(algorithm), 0, 0, 0, 0, "direct gemm implicit winograd2 winograd4 winograd6 winograd4-batched winograd4-clblast",
     "this convolution wherever it can run: direct, gemm, winograd4 ..."},
    {"precision", "NAME", TOOL_TEXT, AT(precision), 0, 0, 0, 0, "fp32 fp16-storage", "fp32, or fp16-storage for feature maps of 16 bits [fp32]"},
    {"peer-python", "FILE", TOOL_TEXT, AT(peer_python), 0, 0, 0, 0, NULL, "a Python with torch: compare with the peer, in alternating pairs"},
    {"peer-script", "FILE", TOOL_TEXT, AT(peer_script), 0, 0, 0, 0, NULL, "the peer [../shared/peer/torch_nst.py, from the source tree]"},
    {"peer-args", "'ARGS'", TOOL_ANY, AT(peer_arguments), 0, 0, 0, 0, NULL, "more arguments for it, for example '--tf32 off'"},
    {"pairs", "N", TOOL_NUMBER, AT(pairs), 1, BENCH_MOST_PAIRS, 0, 0, NULL, "pairs, 1 to 32 [3]"},
    {"sweep", "FILE.svg", TOOL_TEXT, AT(sweep), 0, 0, 0, 0, NULL, "sizes 128 to 2048 (or those of --size): seconds and bytes a pixel, with a plot in FILE.svg"},
    {"kernels", "FOLDER", TOOL_TEXT, AT(kernels), 0, 0, 0, 0, NULL,
     "compare with the kernels (.cl files) in FOLDER, in alternating calls, where runs differ too much"},
    {"products", NULL, TOOL_FLAG, AT(products), 0, 0, 0, 0, NULL, "time the products inside fused convolutions without their transforms"},
    {"json", NULL, TOOL_FLAG, AT(json), 0, 0, 0, 0, NULL, "one JSON object instead of tables"},
    {0},
};

static int row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"EXIT STATUS", NSCL_PAGE_EXIT}, {"ENVIRONMENT", NSCL_PAGE_ENVIRONMENT}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-bench",
    .title = "measure style transfer on an OpenCL device",
    .usage = "nscl-bench [OPTION]...",
    .about = "Seconds an evaluation of the style-transfer loss and its gradient: VGG-19 to relu5_1, five Gram matrices, content at relu4_2, "
             "squared total variation, on random pictures.",
    .row = row,
    .notes = "GFLOP/s count the multiply-adds of direct convolution, whatever the algorithm. 'real' is the share of the multiply-add peak that the "
             "algorithm's own arithmetic reaches (Winograd F(4x4,3x3): 36/144). The roofline is the convolutions' Winograd arithmetic at the measured "
             "peak, plus the traffic that cannot be avoided at the measured bandwidth: each activation written once and read twice, its gradient "
             "written and read once, the weights read once a direction.",
    .sections = sections,
};

int bench_read_options(bench_options *o, int argc, char **argv)
{
    static const int sweep[] = {128, 192, 256, 384, 512, 768, 1024, 1536, 2048}, usual[] = {256, 512};
    *o = (bench_options){.evaluations = 7, .pairs = 3, .peer_script = "../shared/peer/torch_nst.py"};
    int ended = tool_read_options(&page, table, o, argc, argv);
    if (ended)
        return ended;
    if (o->sweep && o->kernels) {
        fprintf(stderr, "nscl-bench: --sweep measures no single operations, which --kernels compares: give one of the two\n");
        return TOOL_USAGE + 1;
    }
    if (o->size_count == 0) {
        o->size_count = o->sweep ? (int)(sizeof sweep / sizeof *sweep) : 2;
        memcpy(o->sizes, o->sweep ? sweep : usual, (size_t)o->size_count * sizeof *o->sizes);
    }
    return 0;
}

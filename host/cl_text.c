/* OpenCL's and CLBlast's codes in one table: a name, and a hint where users meet the code. */
#include <stdio.h>

#include "error.h"

typedef struct code_text {
    int code;
    const char *text;
} code_text;

static const code_text codes[] = {
    {-1, "CL_DEVICE_NOT_FOUND (-1)"},
    {-2, "CL_DEVICE_NOT_AVAILABLE (-2): another program may hold it"},
    {-3, "CL_COMPILER_NOT_AVAILABLE (-3): the driver is incomplete; reinstall it"},
    {-4, "CL_MEM_OBJECT_ALLOCATION_FAILURE (-4): the device is out of memory; choose a smaller --size"},
    {-5, "CL_OUT_OF_RESOURCES (-5): too much for the device at once, or a watchdog stopped it; choose a smaller --size"},
    {-6, "CL_OUT_OF_HOST_MEMORY (-6): close other programs or choose a smaller --size"},
    {-10, "CL_IMAGE_FORMAT_NOT_SUPPORTED (-10)"},
    {-11, "CL_BUILD_PROGRAM_FAILURE (-11): the driver's compiler refused the kernel; a newer driver may accept it"},
    {-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (-14): an earlier command failed"},
    {-15, "CL_COMPILE_PROGRAM_FAILURE (-15)"},
    {-30, "CL_INVALID_VALUE (-30)"},
    {-33, "CL_INVALID_DEVICE (-33)"},
    {-34, "CL_INVALID_CONTEXT (-34)"},
    {-36, "CL_INVALID_COMMAND_QUEUE (-36): the driver gave up after an earlier fault, often a watchdog or an out-of-bounds access"},
    {-38, "CL_INVALID_MEM_OBJECT (-38)"},
    {-42, "CL_INVALID_BINARY (-42)"},
    {-43, "CL_INVALID_BUILD_OPTIONS (-43)"},
    {-44, "CL_INVALID_PROGRAM (-44)"},
    {-45, "CL_INVALID_PROGRAM_EXECUTABLE (-45)"},
    {-46, "CL_INVALID_KERNEL_NAME (-46)"},
    {-48, "CL_INVALID_KERNEL (-48)"},
    {-49, "CL_INVALID_ARG_INDEX (-49)"},
    {-50, "CL_INVALID_ARG_VALUE (-50)"},
    {-51, "CL_INVALID_ARG_SIZE (-51)"},
    {-52, "CL_INVALID_KERNEL_ARGS (-52)"},
    {-53, "CL_INVALID_WORK_DIMENSION (-53)"},
    {-54, "CL_INVALID_WORK_GROUP_SIZE (-54): the device allows smaller work-groups only"},
    {-55, "CL_INVALID_WORK_ITEM_SIZE (-55)"},
    {-61, "CL_INVALID_BUFFER_SIZE (-61): a single buffer is larger than the device allows; choose a smaller --size"},
    {-63, "CL_INVALID_GLOBAL_WORK_SIZE (-63)"},
    {-1001, "CL_PLATFORM_NOT_FOUND_KHR (-1001): no OpenCL driver is installed"},
    {-9999, "illegal access in a kernel (-9999): the device's context is lost; update the driver"},
    {-1024, "CLBlast: not implemented (-1024)"},
    {-2032, "CLBlast: insufficient memory for a temporary buffer (-2032)"},
    {-2039, "CLBlast: unexpected error (-2039)"},
    {-2041, "CLBlast: half precision not supported (-2041)"},
    {-2042, "CLBlast: double precision not supported (-2042)"},
    {-2045, "CLBlast: invalid local memory size (-2045)"},
    {-2046, "CLBlast: local thread configuration too large (-2046)"},
    {-2048, "CLBlast: database error (-2048)"},
    {-3001, "the driver's compiler crashed; a newer driver may not"},
    {-3002, "the driver's compiler takes too long; NSCL_COMPILER=SECONDS gives it more time"},
};

const char *nscl_cl_text(int code)
{
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].code == code)
            return codes[i].text;
    return code == 0 ? "success" : code <= -1024 && code > -3000 ? "an error of CLBlast" : "an OpenCL error without a name here";
}

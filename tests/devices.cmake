# Tests of device work run on every OpenCL implementation they name:
#     nscl_test_devices(test_ops pocl pocl-1 intel rusticl oclgrind)
# A test is called NAME.WHERE and labelled with the implementation (ctest -L intel); where that is missing, it is skipped
# and says so. pocl-N: blocks of N channels; pocl-gpu: as a GPU gets the kernels.

# Where tools/setup.sh --tests puts the .icd files of Intel's runtime; NSCL_TEST_ICD_DIR at run time outranks it.
if(DEFINED ENV{NSCL_TEST_ICD_DIR})
    set(test_icd_dir $ENV{NSCL_TEST_ICD_DIR})
elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(test_icd_dir $ENV{XDG_CACHE_HOME}/nscl/icd)
else()
    set(test_icd_dir $ENV{HOME}/.cache/nscl/icd)
endif()

# CLBlast's batched product takes PoCL three quarters of a minute to compile: test_accuracy, which skips nothing, compares it there.
set(test_on_pocl NSCL_DEVICE=portable "NSCL_TEST_SKIP=*winograd4-clblast*")
# CLBlast's kernels know nothing of blocks: once on PoCL is enough.
set(without_clblast "NSCL_TEST_SKIP=*clblast*,*gemm*")
set(test_on_pocl-gpu NSCL_DEVICE=portable NSCL_TEST_LIKE=gpu NSCL_BLOCK=4 NSCL_TEST_SMALL=1 ${without_clblast})
set(test_on_pocl-gpu-all NSCL_DEVICE=portable NSCL_TEST_LIKE=gpu NSCL_BLOCK=4 NSCL_TEST_SMALL=1)
# 16-bit maps are the same kernels with other loads and stores, and as many again to compile: of blocks that are not the device's own they
# are for `ctest -L slow`.
foreach(block 1 4 8 16)
    set(test_on_pocl-${block}-all NSCL_DEVICE=portable NSCL_BLOCK=${block} NSCL_TEST_SMALL=2 ${without_clblast})
    set(test_on_pocl-${block} NSCL_DEVICE=portable NSCL_BLOCK=${block} NSCL_TEST_SMALL=2 "${without_clblast},* half")
endforeach()
set(test_on_pocl-all NSCL_DEVICE=portable NSCL_TEST_FAULTS=all)
# Its compiler takes ten times PoCL's time, rusticl's the same again: all shapes are for `ctest -L slow`, and so are all rows and, of
# rusticl, more than some cases of each.
set(test_on_intel NSCL_DEVICE=intel NSCL_TEST_SMALL=2 "NSCL_TEST_SKIP=*clblast*,half losses")
set(test_on_intel-all NSCL_DEVICE=intel)
set(test_by_intel-all ${CMAKE_CURRENT_SOURCE_DIR}/intel.sh ${test_icd_dir})
set(test_by_intel ${CMAKE_CURRENT_SOURCE_DIR}/intel.sh ${test_icd_dir})
# Those of both at once.
set(test_on_cross NSCL_DEVICE=)
set(test_by_cross ${test_by_intel})
set(test_on_rusticl NSCL_DEVICE=llvmpipe RUSTICL_ENABLE=llvmpipe NSCL_TEST_SMALL=2 NSCL_TEST_CASES=12
    "NSCL_TEST_SKIP=conv_*winograd*,network*,*clblast*,*gemm*")
set(test_on_rusticl-all NSCL_DEVICE=llvmpipe RUSTICL_ENABLE=llvmpipe NSCL_TEST_SMALL=2)
# The simulator is loaded before the sanitizers' runtime, which the latter would refuse.
set(test_on_oclgrind NSCL_DEVICE=oclgrind NSCL_TEST_SMALL=3 ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0)
set(test_by_oclgrind ${CMAKE_CURRENT_SOURCE_DIR}/oclgrind.sh)

function(nscl_test_devices name)
    foreach(where IN LISTS ARGN)
        if(NOT DEFINED test_on_${where})
            message(FATAL_ERROR "${name}: no implementation is called ${where}")
        endif()
        string(REGEX REPLACE "-.*" "" label ${where})
        set(limit 600)
        if(where MATCHES "-all$")
            list(APPEND label slow)
            set(limit 3000)
        endif()
        add_test(NAME ${name}.${where} COMMAND ${test_by_${where}} $<TARGET_FILE:${name}>)
        set_tests_properties(${name}.${where} PROPERTIES ENVIRONMENT "${test_environment};${test_on_${where}}" LABELS "${label}"
            TIMEOUT ${limit} SKIP_RETURN_CODE 77)
    endforeach()
endfunction()

/* What macOS tells of memory and the processor by calls, where Linux has files. */
#include "CKernels.h"

#if defined(__APPLE__)
#include <mach/mach.h>
#include <string.h>
#include <sys/sysctl.h>

static int told(mach_task_basic_info_data_t *info) {
    mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
    return task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)info, &count) == KERN_SUCCESS;
}

int64_t ck_resident_memory(void) {
    mach_task_basic_info_data_t info;
    return told(&info) ? (int64_t)info.resident_size : -1;
}

int64_t ck_peak_memory(void) {
    mach_task_basic_info_data_t info;
    return told(&info) ? (int64_t)info.resident_size_max : -1;
}

int64_t ck_free_memory(void) {
    vm_statistics64_data_t pages;
    mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
    mach_port_t host = mach_host_self();
    vm_size_t size = 0;
    int known = host_statistics64(host, HOST_VM_INFO64, (host_info64_t)&pages, &count) == KERN_SUCCESS && host_page_size(host, &size) == KERN_SUCCESS;
    mach_port_deallocate(mach_task_self(), host);
    if (!known) return -1;
    /* Pages of files, and those that nobody touched for some time, are given up when memory is wanted. */
    return ((int64_t)pages.free_count + (int64_t)pages.inactive_count + (int64_t)pages.purgeable_count) * (int64_t)size;
}

int32_t ck_processor_name(char *name, int32_t bytes) {
    size_t size = (size_t)bytes;
    return bytes > 0 && sysctlbyname("machdep.cpu.brand_string", name, &size, NULL, 0) == 0 && memchr(name, 0, (size_t)bytes) != NULL;
}

#else
int64_t ck_resident_memory(void) { return -1; }
int64_t ck_peak_memory(void) { return -1; }
int64_t ck_free_memory(void) { return -1; }
int32_t ck_processor_name(char *name, int32_t bytes) {
    (void)name, (void)bytes;
    return 0;
}
#endif

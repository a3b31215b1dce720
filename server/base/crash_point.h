/* Named places where a test can have the process killed, as a power cut would: no clean-up, nothing
 * flushed. Built only with the sanitizers, where tests run; otherwise nothing is left of it.
 *
 * The environment says where and how often: TEST_CRASH_AT="name" and TEST_CRASH_FILE, a file
 * that is removed by the crash: one crash for each time the test makes the file. Without
 * TEST_CRASH_AT the name stands in the file, so that one gateway can be killed in many places. */
#ifndef DUNLIN_BASE_CRASH_POINT_H
#define DUNLIN_BASE_CRASH_POINT_H

#ifdef DUNLIN_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name)
{
    (void)name;
}
#endif

#endif

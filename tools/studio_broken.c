/* Jobs that were broken off: which of them go on, and for how long what they go on from is kept. */
#include <stdlib.h>
#include <string.h>

#include "studio_job.h"
#include "studio_phase.h"
#include "studio_store.h"

/* It would end in the same way again. */
static int is_hopeless(const studio_job *job)
{
    static const char *const codes[] = {"settings", "number", "gone"};
    int hopeless = 0;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        hopeless |= strcmp(job->code, codes[i]) == 0;
    return hopeless;
}

int studio_job_resumable(const studio *s, const studio_job *job)
{
    return job->state == STUDIO_FAILED && studio_job_has(s, job, STUDIO_PHASE);
}

void studio_job_forget(const studio *s, const studio_job *job)
{
    char *folder = studio_path(s, "jobs", job->id, NULL);
    if (folder)
        studio_phase_forget(folder, NULL);
    free(folder);
}

int studio_jobs_forget(studio *s)
{
    int found = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->jobs->count; i++)
        if (studio_job_resumable(s, s->jobs->list[i])) {
            studio_job_forget(s, s->jobs->list[i]);
            studio_job_touch(s, s->jobs->list[i]);
            found = 1;
        }
    pthread_mutex_unlock(&s->lock);
    return found;
}

void studio_job_settle(const studio *s, const studio_job *job)
{
    int wanted = !job->asked_to_stop || s->ending;
    if (job->state != STUDIO_FAILED || !wanted || is_hopeless(job))
        studio_job_forget(s, job);
}

void studio_job_take_up(studio_job *job)
{
    job->state = STUDIO_QUEUED;
    job->finished = job->asked_to_stop = 0;
    job->remaining = -1;
    studio_job_note(job, "taken_up", "it was broken off and taken up again");
}

void studio_job_restore(studio *s, studio_job *job)
{
    int picture = studio_job_has(s, job, "live.jpg"), phase = studio_job_has(s, job, STUDIO_PHASE);
    int was_at_work = job->state == STUDIO_RUNNING || job->state == STUDIO_PAUSED;
    if (!was_at_work && !(studio_job_resumable(s, job) && strcmp(job->code, "broke_off") == 0))
        return;
    job->version += picture; /* was it written after the job was saved? */
    job->finished = studio_now();
    job->remaining = 0;
    if ((phase || !picture) && job->resumed < STUDIO_MOST_RESUMED) {
        job->was_paused = job->state == STUDIO_PAUSED;
        job->resumed++;
        studio_job_take_up(job);
    } else {
        job->state = phase || !picture ? STUDIO_FAILED : STUDIO_STOPPED;
        studio_job_note(job, "ended", "the studio was ended while this was painted");
    }
    studio_job_save(s, job);
}

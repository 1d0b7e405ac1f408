/* Jobs: those at work, those that wait for a device, and those of the past, oldest first. A job's state is kept in FOLDER/jobs/ID/job.json,
 * which is all that the history is made of at the next start. */
#ifndef STUDIO_JOB_H
#define STUDIO_JOB_H

#include "studio_order.h"
#include "studio_process.h"

enum { STUDIO_MOST_JOBS = 1000, STUDIO_MOST_POINTS = 300, STUDIO_MOST_RESUMED = 5 }; /* the last: what ends the machine must not do so for ever */

typedef enum studio_state { STUDIO_QUEUED, STUDIO_RUNNING, STUDIO_PAUSED, STUDIO_DONE, STUDIO_STOPPED, STUDIO_FAILED } studio_state;

typedef struct studio_point { /* of the curve of the loss */
    int evaluation;
    double loss;
} studio_point;

typedef struct studio_job {
    char id[STUDIO_ID];
    studio_order order;
    json_t *names;                     /* {"content": text, "styles": [text]} */
    studio_state state, outcome;       /* what its child said of its end, which is the state once that has come; QUEUED: nothing yet */
    char device[16], device_name[128]; /* which is to paint it */
    char network[256];                 /* once it is known */
    char message[600];                 /* why it failed, or what is worth knowing */
    char code[16];                     /* what kind of message that is, for programs, and for the page to translate */
    double created, started, finished; /* seconds since 1970; 0: not yet */
    int evaluation, evaluations, width, height;
    int version;                           /* of the picture so far; 0: none yet */
    double loss, seconds, rate, remaining; /* remaining below 0: not known yet */
    studio_point points[STUDIO_MOST_POINTS];
    int point_count, point_every, point_skipped;
    uint64_t change; /* when it changed */
    studio_child child;
    int has_child;
    double saved;         /* when it was last saved while at work */
    double asked_to_stop; /* when; 0: not */
    int unwanted;         /* goes when its child has ended */
    int resumed;          /* how often it was taken up by itself */
    int was_paused;       /* when it was broken off */
} studio_job;

typedef enum studio_refusal { STUDIO_TAKEN, STUDIO_NO_SUCH, STUDIO_NOT_NOW, STUDIO_IN_USE, STUDIO_FULL, STUDIO_NO_DEVICE } studio_refusal;

struct studio_jobs {
    studio_job *list[STUDIO_MOST_JOBS];
    int count;
    int running;          /* threads that attend to a child */
    uint64_t list_change; /* when a job last came or went */
};

/* Reads the history. Jobs that waited wait again, and so do those that were broken off, to go on from what was saved of them; where nothing could
 * be saved and a picture is there, it is kept and the job stopped. */
int studio_jobs_open(studio *s);
/* Ends those at work, keeping them as they are, and waits for that. */
void studio_jobs_close(studio *s);
void studio_jobs_free(studio *s);

/* A new job behind those that wait; takes `names` over. */
studio_refusal studio_job_add(studio *s, const studio_order *order, json_t *names, char id[STUDIO_ID]);
/* A command for the job's child: "pause", "resume", "stop", or "strength" with its value. One that waits can only be stopped or given a
 * strength; one that failed can be resumed where studio_job_resumable. One that was asked to stop and has not after a while hangs: asked again, it is ended,
 * and fails. */
studio_refusal studio_job_tell(studio *s, const char *id, const char *what, double value);
/* Removes a job and its pictures; one at work is ended first, one whose picture another needs yet is kept. */
studio_refusal studio_job_remove(studio *s, const char *id);
/* Removes what failed jobs could go on from; 0 where there was none. */
int studio_jobs_forget(studio *s);
/* 1 where a job that has not ended, or one of the past, uses picture ID. */
int studio_jobs_use(studio *s, const char *kind, const char *id);

/* ---- Under the lock ---- */

studio_job *studio_job_find(studio *s, const char *id);
/* What is to be known of it; code "": nothing. */
void studio_job_note(studio_job *job, const char *code, const char *message);
/* It changed: those who watch will be told. */
void studio_job_touch(studio *s, studio_job *job);
/* What a child's line says of its job; and that the child has ended; what is to be said of a job that
 * did not say how. */
void studio_job_hear(studio *s, studio_job *job, const json_t *line);
void studio_job_ended(studio *s, studio_job *job, const char *code, const char *why);
/* Starts what waits for a device that is free. */
void studio_jobs_start(studio *s);

/* studio_broken.c: did it fail with something left to go on from? That is removed; kept once the job has ended only where it is of use. The job
 * waits, to go on from there; one that has just been read does so where it was broken off, else keeps what there is of its picture. */
int studio_job_resumable(const studio *s, const studio_job *job);
void studio_job_forget(const studio *s, const studio_job *job);
void studio_job_settle(const studio *s, const studio_job *job);
void studio_job_take_up(studio_job *job);
void studio_job_restore(studio *s, studio_job *job);

/* studio_run.c: a thread with a child that paints the job. 0 where it cannot be started. */
int studio_run_start(studio *s, studio_job *job);

/* studio_history.c: the job for visitors, with the curve of its loss or without; the jobs changed after `since` (`only` one of them unless
 * NULL); on disk, with the rest of its folder; and back. Is a file there? */
json_t *studio_job_json(studio *s, const studio_job *job, int curve);
json_t *studio_jobs_news(studio *s, uint64_t since, const char *only);
void studio_job_save(studio *s, const studio_job *job);
void studio_jobs_load(studio *s);
int studio_job_has(const studio *s, const studio_job *job, const char *name);

#endif

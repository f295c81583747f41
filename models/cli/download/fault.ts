/** A file was not downloaded; the message tells the operator why. */
export class DownloadFault extends Error {
  readonly code = 'download-fault';
}

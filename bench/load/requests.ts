/** What a request is made of; written as bytes in `requestWriter`. */
export interface RequestPlan {
  readonly port: number;
  readonly path: string;
  readonly query: string;
  /** Whether each request differs from all others. */
  readonly distinct: boolean;
}

const digits = 10;

/**
 * Gives the bytes of the request with a number. Distinct requests carry their number as a header and as a variable that
 * the operation does not declare: whatever a gateway takes for the identity of a request (body, variables, headers), no
 * two are the same; yet all ask the subgraphs for the same, so that upstream requests could be shared. Numbers have the
 * same width, so that all requests weigh the same.
 */
export function requestWriter({ port, path, query, distinct }: RequestPlan): (number: number) => Buffer {
  const write = (mark: string): Buffer => {
    const body = JSON.stringify({ query, variables: { request: mark } });
    const head = [
      `POST ${path} HTTP/1.1`,
      `host: 127.0.0.1:${port}`,
      'content-type: application/json',
      'accept: application/json',
      `x-request-number: ${mark}`,
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
  const mark = '0'.repeat(digits);
  const template = write(mark);
  if (!distinct) return () => template;
  const first = template.indexOf(mark);
  const second = template.indexOf(mark, first + digits);
  return (number) => {
    const text = String(number).padStart(digits, '0');
    const request = Buffer.from(template);
    request.write(text, first, 'latin1');
    request.write(text, second, 'latin1');
    return request;
  };
}
